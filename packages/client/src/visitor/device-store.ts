import type { DeviceStore } from "./visitors.ts";

/**
 * The device's own store, and the page's memory for what the browser does not take: a visitor is then known for
 * as long as the page is there.
 */
export function deviceStore(own: DeviceStore | undefined): DeviceStore {
  const page = new Map<string, string>();
  return {
    getItem: (key) => page.get(key) ?? tried(() => own?.getItem(key)) ?? null,
    setItem(key, value) {
      const isKept = own !== undefined && tried(() => (own.setItem(key, value), true)) === true;
      if (isKept) page.delete(key);
      else page.set(key, value);
    },
    removeItem(key) {
      page.delete(key);
      tried(() => own?.removeItem(key));
    },
  };
}

function tried<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}
