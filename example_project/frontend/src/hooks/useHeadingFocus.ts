import { useEffect, useRef } from "react";

/**
 * When the button that was pressed has gone, move the focus to the heading of its section.
 *
 * @param isShown whether the button is there
 */
export function useHeadingFocus<Container extends HTMLElement>(isShown: boolean) {
  const container = useRef<Container>(null);
  const wasPressed = useRef(false);

  useEffect(() => {
    if (isShown || !wasPressed.current) return;
    wasPressed.current = false;
    if (document.activeElement !== document.body) return;
    container.current?.closest("section")?.querySelector("h2")?.focus({ preventScroll: true });
  }, [isShown]);

  return { container, onPressed: () => { wasPressed.current = true; } };
}
