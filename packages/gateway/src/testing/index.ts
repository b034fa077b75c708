// What tests of other rooms may import.
export * from "./self-signed.ts";
