/**
 * Where a client keeps what must outlive the page. Keys are text; values are what `structuredClone` takes.
 * What it returns belongs to the caller. Everything may reject: a browser may refuse storage at any time.
 */
export interface ClientStorage {
  /** Undefined where there is nothing. */
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<void>;
  delete(key: string): Promise<void>;
  /** All whose key begins with `prefix`, in the order of the keys. */
  list(prefix: string): Promise<[key: string, value: unknown][]>;
  clear(): Promise<void>;
}
