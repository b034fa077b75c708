/** The storage of this device or tab; undefined where the browser refuses even to look at it. */
export function browserStorage(name: "localStorage" | "sessionStorage"): Storage | undefined {
  try {
    const storage = globalThis[name];
    storage.setItem("warren-chat", "");
    storage.removeItem("warren-chat");
    return storage;
  } catch {
    return undefined;
  }
}
