import { useRef, useState } from "react";

import type { Erasure } from "../hooks/useErasure";
import { useStored } from "../hooks/useStored";
import { strings } from "../strings";
import type { Consent } from "../types/models";
import { ActionButton } from "./ActionButton";
import { ErrorMessage } from "./ErrorMessage";
import { ModalDialog } from "./ModalDialog";
import { QueryState } from "./QueryState";
import { TickBox } from "./TickBox";

interface FormProps {
  erasure: Erasure;
  consent: Consent | undefined;
  onCancel: () => void;
  onErase: (stopCollecting: boolean) => void;
}

/** Says what will go, and deletes it only for those who have said that they mean it. */
export function EraseDialog({ isOpen, ...form }: FormProps & { isOpen: boolean }) {
  return (
    <ModalDialog
      isAlert
      isOpen={isOpen}
      isBusy={form.erasure.isErasing}
      onClose={form.onCancel}
      title={strings.data.eraseTitle}
    >
      <EraseForm {...form} />
    </ModalDialog>
  );
}

function EraseForm({ erasure, consent, onCancel, onErase }: FormProps) {
  const { data } = strings;
  const { isErasing, error } = erasure;
  const [isSure, setIsSure] = useState(false);
  const [isReminded, setIsReminded] = useState(false);
  // Whoever has said no before wants it to stay a no: the deletion takes the settings with it.
  const [stopCollecting, setStopCollecting] = useState(consent === "denied");
  const sureBox = useRef<HTMLInputElement>(null);

  const confirm = () => {
    if (isSure) onErase(stopCollecting);
    else {
      setIsReminded(true);
      sureBox.current?.focus();
    }
  };

  return (
    <>
      <p>{data.eraseIntro}</p>
      <Stored />
      <TickBox
        inputRef={sureBox}
        label={data.understood}
        isTicked={isSure}
        onChange={setIsSure}
        {...(isReminded && !isSure && { error: data.understoodMissing })}
      />
      <TickBox label={data.stop} isTicked={stopCollecting} onChange={setStopCollecting} />
      {error !== null && !isErasing && <ErrorMessage title={data.eraseFailed} error={error} />}
      <div className="pz-dialog-actions">
        <ActionButton isBusy={isErasing} onPress={onCancel}>{data.cancel}</ActionButton>
        <ActionButton look="danger" isBusy={isErasing} onPress={confirm}>
          {isErasing ? data.erasing : data.confirm}
        </ActionButton>
      </div>
    </>
  );
}

function Stored() {
  const { data } = strings;
  const { queries, counts } = useStored();
  const { picked, inferred, hidden, removed } = counts.tags;
  return (
    <QueryState queries={queries} loading={data.counting}>
      {() => (
        <ul className="pz-bullets">
          <li>
            {data.tags(picked + inferred + hidden + removed)}: {data.tagKinds(counts.tags)}. {data.faded}
          </li>
          <li>{data.interactions(counts.interactions)}</li>
          <li>{data.itsSettings}</li>
        </ul>
      )}
    </QueryState>
  );
}
