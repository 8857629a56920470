import { useEffect, useRef, useState } from "react";

import type { UserTag } from "../types/models";

export interface WhyState {
  isOpen: boolean;
  /** The tag in question, as it was last listed. */
  tag: UserTag | null;
  /** Whether it is still listed: it goes when the last of what supports it is deleted. */
  isListed: boolean;
  open: (tag: UserTag) => void;
  close: () => void;
}

/**
 * Which tag the person asks about. The dialog outlives the tag's row, which may go while it is open.
 *
 * @param headingId where the focus goes when the row has gone, and the button that opened the dialog with it
 */
export function useWhyDialog(tags: readonly UserTag[] | undefined, headingId: string): WhyState {
  const [asked, setAsked] = useState<UserTag | null>(null);
  const hasLostRow = useRef(false);
  const listed = tags?.find(({ id }) => id === asked?.id);
  const isOpen = asked !== null;

  useEffect(() => {
    if (isOpen || !hasLostRow.current) return;
    hasLostRow.current = false;
    document.getElementById(headingId)?.focus();
  }, [isOpen, headingId]);

  const close = () => {
    hasLostRow.current = listed === undefined;
    setAsked(null);
  };
  return { isOpen, tag: listed ?? asked, isListed: listed !== undefined, open: setAsked, close };
}
