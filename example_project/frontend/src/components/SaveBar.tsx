import { useRef } from "react";

import type { Save } from "../hooks/useSave";
import type { SelectionDraft } from "../hooks/useSelectionDraft";
import { ApiError } from "../services/errors";
import { strings } from "../strings";
import { ActionButton } from "./ActionButton";
import { ErrorMessage } from "./ErrorMessage";

interface Props {
  draft: SelectionDraft;
  save: Save;
}

/** How many are picked, how many changes are unsaved, and what became of the last save. */
export function SaveBar({ draft, save }: Props) {
  const saveButton = useRef<HTMLButtonElement>(null);
  const { saveBar } = strings;
  const isDirty = draft.changes.size > 0;
  const isSaving = save.status === "saving";

  const discard = () => {
    draft.discard();
    save.reset();
    saveButton.current?.focus();
  };

  return (
    <section className="pz-save" aria-label={saveBar.label} data-dirty={isDirty || undefined}>
      {save.error !== null && <SaveError error={save.error} />}
      <div className="pz-save-row">
        <p className="pz-save-counts">
          <span role="status">
            <strong>{saveBar.picked(draft.picked.size)}</strong> <span>{saveBar.unsaved(draft.changes.size)}</span>
          </span>
          <span role="status">{outcome(save, isDirty)}</span>
        </p>
        <div className="pz-save-actions">
          {isDirty && !isSaving && <ActionButton onPress={discard}>{saveBar.discard}</ActionButton>}
          <ActionButton ref={saveButton} look="primary" isBusy={isSaving} onPress={save.save}>
            {isSaving ? saveBar.saving : saveBar.save}
          </ActionButton>
        </div>
      </div>
    </section>
  );
}

function SaveError({ error }: { error: Error }) {
  const { saveBar, errors } = strings;
  const wasRefused = error instanceof ApiError && error.status === 400;
  return (
    <ErrorMessage title={saveBar.failed} error={error} signedOut={errors.signedOutSave}>
      <p>{saveBar.kept} {wasRefused && saveBar.checkList}</p>
    </ErrorMessage>
  );
}

function outcome({ status }: Save, isDirty: boolean): string {
  if (status === "saving") return strings.saveBar.saving;
  if (isDirty) return "";
  if (status === "saved") return strings.saveBar.saved;
  return status === "unchanged" ? strings.saveBar.nothingToSave : "";
}
