/** A message as a reader understood it, for two readers to be compared. */
export interface Heard {
  /** `METHOD target` or `status reason`. */
  line: string;
  minor: number;
  fields: readonly string[];
  body: string;
  trailers: readonly string[];
  keepAlive: boolean;
  upgrade: boolean;
  /** Index after its last byte; undefined while it goes on. */
  end: number | undefined;
}
