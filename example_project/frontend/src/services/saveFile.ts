// Safari reads the file only after the click has been handled.
const KEPT_FOR = 60_000;

/** Let the browser save `content` as a download with this name. */
export function saveFile(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  window.setTimeout(() => { URL.revokeObjectURL(url); }, KEPT_FOR);
}
