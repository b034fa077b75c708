/**
 * Puts text on the clipboard. Pages over plain http have no `navigator.clipboard` (Clipboard API, 4: secure
 * contexts alone), and people may refuse it: then it is copied the old way, from a field of a moment. `beside`: an
 * element that is shown and that the focus may be next to; a modal dialog lets it be nowhere else. Resolves to
 * false where the browser does neither.
 */
export async function copyText(text: string, beside: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedFromField(text, beside);
  }
}

function copiedFromField(text: string, beside: HTMLElement): boolean {
  const field = document.createElement("textarea");
  field.value = text;
  field.readOnly = true;
  field.ariaHidden = "true";
  field.tabIndex = -1;
  // By the style object: a policy may refuse style attributes, and does not see this.
  Object.assign(field.style, { position: "fixed", top: "0", opacity: "0", pointerEvents: "none" });
  const root = beside.getRootNode() as Document | ShadowRoot;
  const focused = root.activeElement;
  beside.after(field);
  field.focus({ preventScroll: true });
  // iOS selects nothing by `select()` in a field that cannot be written.
  field.setSelectionRange(0, text.length);
  const isCopied = document.execCommand("copy");
  field.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  return isCopied;
}
