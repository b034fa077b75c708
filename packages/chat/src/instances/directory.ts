/** Where one device of a user is connected. */
export interface Place {
  readonly deviceId: string;
  readonly cluster: string;
  readonly instance: string;
  readonly connectionId: string;
  /** Of two connections of a device the higher is the newer. */
  readonly epoch: number;
}

/**
 * Who is connected where, on all instances. What it says is a hint: an instance that died is in it for the
 * time of an entry's life. Nothing rejects: while its store is away this instance's own are known.
 */
export interface Directory extends AsyncDisposable {
  /** A device is connected here, in the place of an older connection of it. */
  enter(userId: string, place: Place): void;
  /** The connection is gone; a newer one of the same device stays. */
  leave(userId: string, place: Place): void;
  of(userId: string): Promise<readonly Place[]>;
}
