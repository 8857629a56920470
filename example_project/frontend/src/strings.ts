/** Every sentence of the page, in one place: translate this object and nothing else. */
export interface Strings {
  /** BCP 47 tag, for numbers, plurals and the labels that the widgets bring. */
  locale: string;
  title: string;
  intro: string;
  retry: string;
  stale: string;
  close: string;
  onThisPage: string;
  picker: {
    title: string;
    intro: string;
    loading: string;
    empty: string;
    all: string;
    categories: string;
    search: string;
    searchPlaceholder: string;
    results: (count: number, query: string) => string;
    noResults: (query: string) => string;
    searchEverywhere: (count: number) => string;
    showMore: (count: number, left: number) => string;
  };
  saveBar: {
    label: string;
    picked: (count: number) => string;
    unsaved: (count: number) => string;
    save: string;
    saving: string;
    discard: string;
    saved: string;
    nothingToSave: string;
    failed: string;
    kept: string;
    checkList: string;
  };
  tags: {
    picksTitle: string;
    picksIntro: string;
    picksLoading: string;
    picksEmpty: string;
    inferredTitle: string;
    inferredIntro: string;
    inferredLoading: string;
    inferredEmpty: string;
    removedTitle: string;
    removedIntro: string;
    removedLoading: string;
    removedEmpty: string;
    confidence: string;
    interactions: (count: number) => string;
    hidden: string;
    keep: string;
    remove: string;
    restore: string;
    undo: string;
    /** The accessible name of a button in a row: it begins with the button's visible text. */
    action: (verb: string, name: string) => string;
  };
  notices: {
    region: string;
    removed: (name: string) => string;
    restored: (name: string) => string;
    kept: (name: string) => string;
    removeFailed: (name: string) => string;
    restoreFailed: (name: string) => string;
    keepFailed: (name: string) => string;
  };
  errors: {
    loading: string;
    signedOut: string;
    signedOutSave: string;
    offline: string;
    timeout: string;
    gone: string;
    tooMany: (seconds: number | null) => string;
    server: (status: number) => string;
    refused: string;
  };
}

const locale = "en";
const pluralRules = new Intl.PluralRules(locale);
const numberFormat = new Intl.NumberFormat(locale);
const number = (n: number) => numberFormat.format(n);
const count = (n: number, one: string, other: string) => `${number(n)} ${pluralRules.select(n) === "one" ? one : other}`;

export const strings: Strings = {
  locale,
  title: "Your interests",
  intro: "Pick the tags you care about, and see which ones your activity suggests. You can change either at any time.",
  retry: "Retry",
  stale: "This list may be out of date.",
  close: "Close",
  onThisPage: "On this page",
  picker: {
    title: "Pick tags",
    intro: "Pick as many as you like, then save. On a keyboard, the arrow keys move and Space picks.",
    loading: "Loading tags…",
    empty: "There is nothing to pick from yet. Tags appear here once this site has added some.",
    all: "All",
    categories: "Categories",
    search: "Search tags",
    searchPlaceholder: "Name or description",
    results: (n, query) => `${count(n, "result", "results")} for “${query}”`,
    noResults: (query) => `Nothing here matches “${query}”. Try a shorter or a different word.`,
    searchEverywhere: (n) => `Show ${count(n, "result", "results")} in all categories`,
    showMore: (n, left) => `Show ${number(n)} more of ${number(left)}`,
  },
  saveBar: {
    label: "Your selection",
    picked: (n) => `${count(n, "tag", "tags")} picked`,
    unsaved: (n) => (n === 0 ? "No unsaved changes" : count(n, "unsaved change", "unsaved changes")),
    save: "Save Changes",
    saving: "Saving…",
    discard: "Discard changes",
    saved: "Your changes are saved.",
    nothingToSave: "There is nothing to save: your picks are as you last saved them.",
    failed: "Your changes were not saved.",
    kept: "Your changes are still here on this page.",
    checkList: "The list above has been refreshed. Check your picks, then press Save Changes again.",
  },
  tags: {
    picksTitle: "Your picks",
    picksIntro: "What you picked and saved.",
    picksLoading: "Loading your picks…",
    picksEmpty: "You have not saved any picks yet. Pick some tags and press Save Changes.",
    inferredTitle: "From your activity",
    inferredIntro: "What your activity suggests, strongest first. Confidence fades when the activity stops.",
    inferredLoading: "Loading what your activity suggests…",
    inferredEmpty: "Nothing yet. Tags appear here as you view, search and add things on this site.",
    removedTitle: "Removed",
    removedIntro: "These are not suggested again unless you restore them.",
    removedLoading: "Loading what you removed…",
    removedEmpty: "Nothing removed. A tag that you remove or unpick waits here, in case you want it back.",
    confidence: "Confidence",
    interactions: (n) => count(n, "interaction", "interactions"),
    hidden: "Hidden",
    keep: "Keep",
    remove: "Remove",
    restore: "Restore",
    undo: "Undo",
    action: (verb, name) => `${verb} ${name}`,
  },
  notices: {
    region: "Messages",
    removed: (name) => `Removed ${name}. It will not be suggested again.`,
    restored: (name) => `Restored ${name}.`,
    kept: (name) => `${name} is now one of your picks.`,
    removeFailed: (name) => `${name} was not removed.`,
    restoreFailed: (name) => `${name} was not restored.`,
    keepFailed: (name) => `${name} was not added to your picks.`,
  },
  errors: {
    loading: "This could not be loaded.",
    signedOut: "You have been signed out. Sign in in another tab, then try again.",
    signedOutSave: "You have been signed out. Sign in in another tab and press Save Changes again.",
    offline: "The server could not be reached. Check your connection, then try again.",
    timeout: "The server did not answer in time. Try again in a moment.",
    gone: "It is no longer there. It may have been changed in another tab.",
    tooMany: (seconds) =>
      seconds === null
        ? "That was too many requests. Wait a little, then try again."
        : `That was too many requests. Try again in ${count(seconds, "second", "seconds")}.`,
    server: (status) => `Something went wrong on the server (status ${String(status)}). Try again in a moment.`,
    refused: "The server did not accept the request.",
  },
};
