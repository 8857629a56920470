const MINUTE = 60;
const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 365.25 * 24 * 60 * MINUTE],
  ["month", 30.4375 * 24 * 60 * MINUTE],
  ["week", 7 * 24 * 60 * MINUTE],
  ["day", 24 * 60 * MINUTE],
  ["hour", 60 * MINUTE],
  ["minute", MINUTE],
];

/** Numbers, plurals, times and lists as a language writes them. */
export function createFormat(locale: string) {
  const pluralRules = new Intl.PluralRules(locale);
  const numbers = new Intl.NumberFormat(locale);
  const oneDecimal = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const percents = new Intl.NumberFormat(locale, { style: "percent" });
  const dates = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const lists = new Intl.ListFormat(locale, { type: "conjunction" });

  const number = (n: number) => numbers.format(n);
  return {
    number,
    count: (n: number, one: string, other: string) => `${number(n)} ${pluralRules.select(n) === "one" ? one : other}`,
    percent: (share: number) => percents.format(share),
    /** A share of one as percent points, with a decimal: "4.2". */
    points: (share: number) => oneDecimal.format(share * 100),
    list: (parts: readonly string[]) => lists.format(parts),
    time: (iso: string) => dates.format(new Date(iso)),
    /** "3 hours ago", in the largest unit of which there is one. */
    ago: (iso: string, now = Date.now()) => {
      const seconds = (new Date(iso).getTime() - now) / 1000;
      const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
      // Rounded down: what was 100 minutes ago was not yet "2 hours ago". The future is a clock that is wrong.
      return relative.format(-Math.floor(Math.max(-seconds, 0) / length), unit);
    },
  };
}
