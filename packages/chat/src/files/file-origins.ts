import type { FilesConfig } from "./files-config.ts";

/** Where browsers get files from and send them to besides the service: a bucket's, for pages' policies. */
export function fileOrigins({ store }: Pick<FilesConfig, "store">): string[] {
  if (store.kind === "folder" || !store.isDirect) return [];
  const { endpoint, region, bucket, pathStyle } = store.options;
  const { protocol, host } = new URL(endpoint ?? `https://s3.${region}.amazonaws.com`);
  return [`${protocol}//${pathStyle ? "" : `${bucket}.`}${host}`];
}
