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
        <>
          <h3 className="pz-group-heading">{ordering.parameters}</h3>
          <ul className="pz-rows">
            {parameters.map(({ code, text, importance }) => (
              <li key={code}>
                <p>{text}</p>
                {importance !== null && (
                  <ShareMeter label={ordering.importanceOf(text)} caption={ordering.importance} share={importance} />
                )}
              </li>
            ))}
          </ul>
        </>
      )}
      {controls.length > 0 && (
        <>
          <h3 className="pz-group-heading">{ordering.controls}</h3>
          <ul className="pz-bullets">{controls.map(({ code, text }) => <li key={code}>{text}</li>)}</ul>
        </>
      )}
    </div>
  );
}
