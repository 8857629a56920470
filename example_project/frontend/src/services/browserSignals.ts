interface PrivacySignals {
  globalPrivacyControl?: boolean;
}

/** Whether the browser asks every site not to collect (Global Privacy Control, `Sec-GPC: 1`). */
export function sendsGlobalPrivacyControl(): boolean {
  return (navigator as PrivacySignals).globalPrivacyControl === true;
}
