import type { ReactNode } from "react";
import { Button, Disclosure, DisclosurePanel, Heading } from "react-aria-components";

import { useParameters } from "../hooks/queries";
import { strings } from "../strings";
import type { RankingParameters } from "../types/models";
import { QueryState } from "./QueryState";
import { SECTION_IDS } from "./SectionLinks";
import { ShareMeter } from "./ShareMeter";

/** What ordering depends on, how much, and how to change it: in the words of the server. */
export function OrderingSection() {
  const { ordering } = strings;
  const query = useParameters();
  return (
    <section className="pz-card" aria-labelledby={SECTION_IDS.ordering} aria-busy={query.isPending}>
      <h2 id={SECTION_IDS.ordering} className="pz-heading" tabIndex={-1}>{ordering.title}</h2>
      <QueryState queries={[query]} loading={ordering.loading}>
        {() => query.data !== undefined && <Explanation {...query.data} />}
      </QueryState>
    </section>
  );
}

function Explanation({ intro, parameters, controls }: RankingParameters) {
  const { ordering } = strings;
  return (
    <div className="pz-ordering">
      <p>{intro}</p>
      {parameters.length === 0 && <p className="pz-empty">{ordering.empty}</p>}
      {parameters.length > 0 && (
        <Part title={ordering.parameters}>
          {parameters.map(({ code, text, importance }) => (
            <li key={code}>
              {text}
              {importance !== null && (
                <ShareMeter label={ordering.importance} caption={ordering.importance} share={importance} />
              )}
            </li>
          ))}
        </Part>
      )}
      {controls.length > 0 && (
        <Part title={ordering.controls}>{controls.map(({ code, text }) => <li key={code}>{text}</li>)}</Part>
      )}
    </div>
  );
}

/** One part of the explanation, which is long: it opens when asked for. */
function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Disclosure className="pz-disclosure">
      <Heading level={3}>
        <Button slot="trigger" className="pz-disclosure-button">
          <span className="pz-chevron" aria-hidden="true" />
          {title}
        </Button>
      </Heading>
      <DisclosurePanel><ul className="pz-bullets">{children}</ul></DisclosurePanel>
    </Disclosure>
  );
}
