import type { ReactNode, Ref } from "react";
import { Button } from "react-aria-components";

interface Props {
  children: ReactNode;
  onPress: () => void;
  /** Its request is under way: it cannot be pressed, but it keeps the focus, which a disabled button would lose. */
  isBusy?: boolean;
  look?: "plain" | "primary" | "danger" | "small";
  /** The accessible name, where it says more than what is shown. */
  label?: string;
  /** The button of its row that gets the focus when a neighbouring row goes. */
  isPrimaryOfRow?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

export function ActionButton({ children, onPress, isBusy = false, look = "plain", label, isPrimaryOfRow, ref }: Props) {
  return (
    <Button
      {...(ref !== undefined && { ref })}
      {...(label !== undefined && { "aria-label": label })}
      className={`pz-button pz-button-${look}`}
      aria-disabled={isBusy}
      {...(isPrimaryOfRow && { "data-primary": true })}
      onPress={() => { if (!isBusy) onPress(); }}
    >
      {children}
    </Button>
  );
}
