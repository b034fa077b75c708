/** A data key of a session as it is stored: apart from content, and apart from its backups. */
export interface KeyRecord {
  readonly userId: string;
  readonly sessionId: string;
  /** Counts the session's data keys, from 1. */
  readonly number: number;
  /** Names the key in sealed text. */
  readonly keyId: string;
  /** The master key that wraps it. */
  readonly masterKeyId: string;
  /** base64url. */
  readonly wrapped: string;
  /** Epoch milliseconds. */
  readonly createdAtMs: number;
}

export interface KeyPage {
  records: readonly KeyRecord[];
  /** For the next page; undefined after the last one. */
  next: string | undefined;
}

/**
 * Where data keys are kept. Texts are compared byte by byte. What was answered is durable. When the
 * store is away it rejects with a ChatError (DATABASE_ERROR).
 */
export interface KeyStore {
  /** The session's keys by ascending number, none if it never had one. */
  get(userId: string, sessionId: string): Promise<readonly KeyRecord[] | "destroyed">;
  /**
   * Keeps the record unless there is one of the same user, session and number. Answers with the one
   * that is kept then: of instances that race, all get the same.
   */
  putIfAbsent(record: KeyRecord): Promise<KeyRecord | "destroyed">;
  /**
   * Replaces `masterKeyId` and `wrapped` of the record that has `fresh`'s user, session, number and
   * key id, if `fromMasterKeyId` wraps it still. False when not, and when it is not there.
   */
  rewrap(fresh: KeyRecord, fromMasterKeyId: string): Promise<boolean>;
  /**
   * Forgets the session's keys for good, those included that an instance is about to put: from now on
   * the session is "destroyed", also if it had none. Destroying twice is destroying once.
   */
  destroy(userId: string, sessionId: string): Promise<void>;
  /**
   * Records that another master key wraps, in an order of the store's own. Who goes on with `next`
   * until it is undefined sees every such record that was there all the time, once, also while records
   * are rewrapped. A page may hold fewer than `limit`, even none.
   */
  wrappedByOthers(masterKeyId: string, after: string | undefined, limit: number): Promise<KeyPage>;
}

/** A value that belongs to no session's content and is looked up, such as a share token. */
export interface SealedValue {
  /** Names the row; what it was sealed for (`ValuePlace`). */
  readonly id: string;
  readonly masterKeyId: string;
  /** As `lookupDigest` makes it. */
  readonly digest: string;
  /** As `sealValue` makes it. */
  readonly sealed: string;
}

/** Where such values are kept, as rotating the master key sees it; pages as `KeyStore`'s. */
export interface SealedValues {
  sealedByOthers(
    masterKeyId: string,
    after: string | undefined,
    limit: number,
  ): Promise<{ values: readonly SealedValue[]; next: string | undefined }>;
  /** Replaces all of `old` but its id, if it is still there as it is. False when not. */
  replace(old: SealedValue, fresh: SealedValue): Promise<boolean>;
}
