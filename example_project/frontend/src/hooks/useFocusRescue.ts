import { useEffect, useLayoutEffect, useRef } from "react";

/**
 * When the row that has the focus leaves its list, move the focus to the row that takes its place,
 * or to the section's heading: a keyboard user must not be thrown back to the top of the page.
 *
 * Rows carry `data-row={id}`; in a row, the button to focus carries `data-primary`.
 */
export function useFocusRescue<Element extends HTMLElement = HTMLElement>(ids: readonly number[]) {
  const list = useRef<Element>(null);
  const lastFocused = useRef<{ id: number; index: number; byKeyboard: boolean } | null>(null);

  useEffect(() => {
    // On the whole document: whoever has moved on, to a dialog for instance, is not to be called back.
    const remember = ({ target }: FocusEvent) => {
      if (!(target instanceof HTMLElement)) return;
      const row = list.current?.contains(target) === true ? target.closest<HTMLElement>("[data-row]") : null;
      const index = ids.indexOf(Number(row?.dataset.row));
      const id = ids[index];
      lastFocused.current = id === undefined ? null : { id, index, byKeyboard: target.matches(":focus-visible") };
    };
    document.addEventListener("focusin", remember);
    return () => { document.removeEventListener("focusin", remember); };
  }, [ids]);

  useLayoutEffect(() => {
    const lost = lastFocused.current;
    if (lost === null || ids.includes(lost.id)) return;
    lastFocused.current = null;
    if (document.activeElement !== document.body) return;
    const next = ids[Math.min(lost.index, ids.length - 1)];
    const target = next === undefined ? "h2" : `[data-row="${next}"] [data-primary]`;
    // Under a mouse, the page must not move.
    list.current?.closest("section")?.querySelector<HTMLElement>(target)?.focus({ preventScroll: !lost.byKeyboard });
  }, [ids]);

  return list;
}
