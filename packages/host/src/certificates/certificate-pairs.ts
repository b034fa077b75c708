import { readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A certificate file and its key file, which may be half written or not there yet. */
export interface CertificatePair {
  /** `<name>` of `<name>.crt`, or the subfolder's name. */
  name: string;
  certFile: string;
  keyFile: string;
  /** Changes when either file does, also by a symbolic link that points elsewhere. */
  version: string;
}

/** What a folder holds, and the folders in which a change would show. */
export interface CertificateFolder {
  pairs: CertificatePair[];
  folders: string[];
}

/** Where certificates are. `read` rejects while that cannot be told. */
export interface CertificateSource {
  /** For a log. */
  readonly name: string;
  read(): Promise<CertificateFolder>;
}

/** All those of a folder. */
export function certificateFolder(folder: string): CertificateSource {
  return { name: folder, read: () => readCertificateFolder(folder) };
}

/** One, in two files: of a mounted Secret, for example, whose folder has a link to both that is swapped. */
export function certificateFiles(certFile: string, keyFile: string): CertificateSource {
  const folders = [...new Set([dirname(certFile), dirname(keyFile)])];
  return {
    name: certFile,
    async read() {
      const version = `${await versionOf(certFile)} ${await versionOf(keyFile)}`;
      return { pairs: [{ name: certFile, certFile, keyFile, version }], folders };
    },
  };
}

/**
 * Looks for `<name>.crt` or `<name>.pem` with `<name>.key`, and for subfolders with `tls.crt` and
 * `tls.key`, as Kubernetes mounts Secrets. Names that begin with a dot are not looked at: a mounted
 * Secret keeps its versions under such. A folder that is not there holds nothing.
 */
async function readCertificateFolder(folder: string): Promise<CertificateFolder> {
  const entries = await readdir(folder).catch((reason: NodeJS.ErrnoException) => {
    if (reason.code === "ENOENT") return [];
    throw reason;
  });
  const names = entries.filter((name) => !name.startsWith(".")).sort();
  const found = new Map<string, [certFile: string, keyFile: string]>();
  const folders = [folder];
  for (const name of names) {
    const path = join(folder, name);
    const stem = /^(.+)\.(?:crt|pem)$/.exec(name)?.[1];
    if (stem !== undefined) {
      if (!found.has(stem)) found.set(stem, [path, join(folder, `${stem}.key`)]);
    } else if (await isFolder(path)) {
      folders.push(path);
      const certFile = join(path, "tls.crt");
      if ((await versionOf(certFile)) !== "")
        found.set(`${name}/`, [certFile, join(path, "tls.key")]);
    }
  }
  const pairs = [...found].map(async ([name, [certFile, keyFile]]) => {
    const version = `${await versionOf(certFile)} ${await versionOf(keyFile)}`;
    const bare = name.replace(/\/$/, "");
    // A folder beside a pair of files of its name keeps the `/`: two certificates are two.
    return { name: found.has(bare) ? name : bare, certFile, keyFile, version };
  });
  return { pairs: await Promise.all(pairs), folders };
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Empty when the file is not there. */
async function versionOf(file: string): Promise<string> {
  return stat(file, { bigint: true }).then(
    ({ ino, size, mtimeNs, ctimeNs }) => `${ino}.${size}.${mtimeNs}.${ctimeNs}`,
    () => "",
  );
}
