/** The address has hosts or options that MongoDB's driver cannot use. The message is for the operator. */
export class MongoAddressError extends Error {
  override readonly name = "MongoAddressError";
  constructor() {
    // What the driver says of it may quote a password.
    super("MONGO_URI: MongoDB's driver cannot use its hosts or options");
  }
}
