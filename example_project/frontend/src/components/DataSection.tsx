import { useState } from "react";

import { useDownload } from "../hooks/useDownload";
import { type Erasure, useErasure } from "../hooks/useErasure";
import { strings } from "../strings";
import type { Consent } from "../types/models";
import { ActionButton } from "./ActionButton";
import { EraseDialog } from "./EraseDialog";
import { ErrorMessage } from "./ErrorMessage";
import { SECTION_IDS } from "./SectionLinks";
import { SettingsFailure } from "./SettingsFailure";

interface Props {
  consent: Consent | undefined;
  /** Everything has been deleted: what the page still holds of it should go too. */
  onErased: () => void;
}

/** The person's data as a file, and gone for good. */
export function DataSection({ consent, onErased }: Props) {
  const { data } = strings;
  const [isAsking, setIsAsking] = useState(false);
  const download = useDownload(data.file);
  const erasure = useErasure();

  const erase = async (stopCollecting: boolean) => {
    if (!(await erasure.erase(stopCollecting))) return;
    setIsAsking(false);
    download.reset();
    onErased();
  };

  return (
    <section className="pz-card" aria-labelledby={SECTION_IDS.data}>
      <h2 id={SECTION_IDS.data} className="pz-heading" tabIndex={-1}>{data.title}</h2>
      <p className="pz-hint">{data.intro}</p>
      <div className="pz-row-actions">
        <ActionButton isBusy={download.isPending} onPress={() => { download.mutate(); }}>{data.download}</ActionButton>
        <ActionButton look="danger" onPress={() => { setIsAsking(true); }}>{data.erase}</ActionButton>
      </div>
      {download.error !== null && <ErrorMessage title={data.downloadFailed} error={download.error} />}
      {erasure.stopping !== null && <SettingsFailure control={erasure.stopping} title={data.stopFailed} />}
      <p className="pz-outcome" role="status">
        {download.isPending && data.downloading}
        {download.isSuccess && data.downloaded(data.file)}
      </p>
      <p className="pz-outcome" role="status">{describeErasure(erasure)}</p>
      <EraseDialog
        isOpen={isAsking}
        erasure={erasure}
        consent={consent}
        onCancel={() => { setIsAsking(false); }}
        onErase={(stopCollecting) => void erase(stopCollecting)}
      />
    </section>
  );
}

function describeErasure({ deleted, isStopped }: Erasure): string {
  const { data } = strings;
  if (deleted === null) return "";
  const isEmpty = Object.values(deleted).every((count) => count === 0);
  const outcome = isEmpty ? data.nothingErased : data.erased(deleted);
  return isStopped ? `${outcome} ${data.stopped}` : outcome;
}
