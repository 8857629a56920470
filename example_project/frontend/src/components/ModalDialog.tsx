import type { ReactNode } from "react";
import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";

interface Props {
  isOpen: boolean;
  onClose: () => void;
  title: string;
  /** An alert dialog asks for a decision: a click beside it does not answer. */
  isAlert?: boolean;
  /** Something is under way that cannot be stopped: it stays open. */
  isBusy?: boolean;
  children: ReactNode;
}

/** A dialog above the page. It keeps the focus inside and gives it back to where it was. */
export function ModalDialog({ isOpen, onClose, title, isAlert = false, isBusy = false, children }: Props) {
  return (
    <ModalOverlay
      className="pz-overlay"
      isOpen={isOpen}
      isDismissable={!isAlert && !isBusy}
      isKeyboardDismissDisabled={isBusy}
      onOpenChange={(willBeOpen) => { if (!willBeOpen) onClose(); }}
    >
      <Modal className="pz-modal">
        <Dialog className="pz-dialog" role={isAlert ? "alertdialog" : "dialog"}>
          <Heading slot="title" level={2} className="pz-heading" tabIndex={-1}>{title}</Heading>
          {children}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
