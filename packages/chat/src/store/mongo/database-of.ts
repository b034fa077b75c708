/** The database that an address names in its path; the driver's own default would be `test`. */
export function databaseOf(uri: string): string | undefined {
  const [, name] = /^mongodb(?:\+srv)?:\/\/[^/?]*\/([^?]+)/.exec(uri) ?? [];
  return name === undefined ? undefined : decodeURIComponent(name);
}
