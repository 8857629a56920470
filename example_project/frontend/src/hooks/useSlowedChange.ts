import { useEffect, useRef, useState } from "react";

const REST = 400; // milliseconds

/**
 * A value that moves at once on the page and is saved when it has rested for a moment. It is shown until the save
 * has come to its end, and then what is saved.
 */
export function useSlowedChange<Value>(saved: Value, save: (value: Value) => Promise<unknown>) {
  const [moved, setMoved] = useState<{ value: Value } | null>(null);
  const latest = useRef(save);

  useEffect(() => { latest.current = save; });

  useEffect(() => {
    if (moved === null) return undefined;
    const timer = window.setTimeout(() => {
      void latest.current(moved.value).finally(() => { setMoved((current) => (current === moved ? null : current)); });
    }, REST);
    return () => { window.clearTimeout(timer); };
  }, [moved]);

  return { value: moved === null ? saved : moved.value, move: (value: Value) => { setMoved({ value }); } };
}
