import { useStored } from "../hooks/useStored";
import type { Withdrawal } from "../hooks/useWithdrawal";
import { strings } from "../strings";
import { ActionButton } from "./ActionButton";
import { ErrorMessage } from "./ErrorMessage";
import { ModalDialog } from "./ModalDialog";
import { QueryState } from "./QueryState";

/** Offers to delete what was collected before the person said no. */
export function WithdrawDialog({ withdrawal }: { withdrawal: Withdrawal }) {
  const { withdraw } = strings;
  const { isOpen, isDeleting, error, keep, deleteCollected } = withdrawal;
  return (
    <ModalDialog isOpen={isOpen} isBusy={isDeleting} onClose={keep} title={withdraw.title}>
      <p>{withdraw.intro}</p>
      <Collected />
      <p className="pz-hint">{withdraw.stays}</p>
      {error !== null && <ErrorMessage title={withdraw.failed} error={error} />}
      <div className="pz-dialog-actions">
        <ActionButton isBusy={isDeleting} onPress={keep}>{withdraw.keep}</ActionButton>
        <ActionButton look="danger" isBusy={isDeleting} onPress={deleteCollected}>
          {isDeleting ? withdraw.deleting : withdraw.delete}
        </ActionButton>
      </div>
    </ModalDialog>
  );
}

function Collected() {
  const { queries, counts } = useStored();
  return (
    <QueryState queries={queries} loading={strings.withdraw.counting}>
      {() => (
        <ul className="pz-bullets">
          <li>{strings.data.interactions(counts.interactions)}</li>
          <li>{strings.data.inferredTags(counts.tags.inferred)}</li>
        </ul>
      )}
    </QueryState>
  );
}
