import { useForgetInteraction } from "../hooks/queries";
import { strings } from "../strings";
import type { TagEvidence } from "../types/models";
import { ActionButton } from "./ActionButton";
import { ErrorMessage } from "./ErrorMessage";

interface Props {
  row: TagEvidence;
  /** Called with what has been deleted. */
  onDeleted: (what: string) => void;
}

/** One thing that the person did: what, about what, when, and what it adds today. */
export function EvidenceRow({ row, onDeleted }: Props) {
  const { evidence } = strings;
  const forget = useForgetInteraction();
  const when = evidence.time(row.created_at);
  const about = row.about ?? evidence.keywords(row.extracted_keywords);
  const what = about === "" ? row.interaction_type_display : `${row.interaction_type_display}: ${about}`;

  const press = () => {
    forget.mutateAsync(row.id).then(() => { onDeleted(what); }, () => undefined);
  };

  return (
    <>
      <div className="pz-row">
        <div className="pz-row-text">
          <p className="pz-tag-name">{what}</p>
          <p className="pz-detail">
            <time dateTime={row.created_at}>{evidence.ago(row.created_at)} ({when})</time> · {evidence.adds(row.adds)}
          </p>
        </div>
        <ActionButton
          look="small"
          label={evidence.deleteLabel(what, when)}
          isBusy={forget.isPending}
          isPrimaryOfRow
          onPress={press}
        >
          {evidence.delete}
        </ActionButton>
      </div>
      {forget.error !== null && <ErrorMessage title={evidence.deleteFailed} error={forget.error} />}
    </>
  );
}
