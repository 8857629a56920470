import type { ReactNode } from "react";

import { describeError } from "../services/describeError";

interface Props {
  title: string;
  error: unknown;
  /** What to say when the session has ended, where the general sentence does not fit. */
  signedOut?: string;
  /** What to do next: a sentence, a button. */
  children?: ReactNode;
}

export function ErrorMessage({ title, error, signedOut, children }: Props) {
  const { summary, details } = describeError(error, signedOut);
  return (
    <div className="pz-error" role="alert">
      <p>
        <strong>{title}</strong> {summary}
      </p>
      {details.length > 0 && (
        <ul className="pz-error-details">
          {details.map((detail) => <li key={detail}>{detail}</li>)}
        </ul>
      )}
      {children}
    </div>
  );
}
