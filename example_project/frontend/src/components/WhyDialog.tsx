import { useEffect, useRef } from "react";

import type { WhyState } from "../hooks/useWhyDialog";
import { strings } from "../strings";
import type { UserTag } from "../types/models";
import { ActionButton } from "./ActionButton";
import { EvidenceList } from "./EvidenceList";
import { ModalDialog } from "./ModalDialog";

/** Why a tag was inferred: what the person did, with what each of it adds today. */
export function WhyDialog({ why }: { why: WhyState }) {
  const { tag, close } = why;
  return (
    <ModalDialog isOpen={why.isOpen} onClose={close} title={tag === null ? "" : strings.evidence.title(tag.name)}>
      {tag !== null && <Explanation tag={tag} isListed={why.isListed} />}
      <div className="pz-dialog-actions">
        <ActionButton onPress={close}>{strings.close}</ActionButton>
      </div>
    </ModalDialog>
  );
}

function Explanation({ tag, isListed }: { tag: UserTag; isListed: boolean }) {
  const { evidence } = strings;
  const outcome = useRef<HTMLParagraphElement>(null);

  useEffect(() => {
    // The list went with its last row, and the focus with it.
    if (isListed || document.activeElement !== document.body) return;
    outcome.current?.closest("section")?.querySelector("h2")?.focus();
  }, [isListed]);

  return (
    <>
      <p ref={outcome} role="status" className="pz-strong">
        {isListed ? evidence.confidence(tag.confidence_score) : evidence.gone(tag.name)}
      </p>
      {isListed && <p className="pz-hint">{evidence.intro}</p>}
      {isListed && <EvidenceList tag={tag} />}
    </>
  );
}
