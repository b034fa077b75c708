import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import path from "node:path";
import { entriesAt, type StartContender } from "../contender.ts";
import { installed } from "../installed.ts";
import { freePort, type Processes } from "../processes.ts";

/** ssh -R through a private sshd with keys of its own: the tunnel everybody has. */
export const startSsh: StartContender = async ({ processes, origin }) => {
  const [sshd, ssh, keygen] = ["sshd", "ssh", "ssh-keygen"].map(installed);
  if (sshd === undefined || ssh === undefined || keygen === undefined) return undefined;
  const folder = path.join(processes.folder, "ssh");
  const [port, files, service] = [await freePort(), await freePort(), await freePort()];
  prepare({ folder, port, keygen });
  separatePrivileges(processes);
  const server = await processes.start({
    name: "sshd",
    command: sshd,
    args: ["-D", "-e", "-f", path.join(folder, "sshd_config")],
    ports: [port],
  });
  const client = await processes.start({
    name: "ssh",
    command: ssh,
    args: [
      ["-F", "none", "-N", "-p", String(port), "-i", path.join(folder, "user_key")],
      ["-o", "IdentitiesOnly=yes", "-o", "ExitOnForwardFailure=yes"],
      ["-o", `UserKnownHostsFile=${path.join(folder, "known_hosts")}`],
      ["-o", "StrictHostKeyChecking=accept-new", "-o", "Compression=no"],
      ["-R", `127.0.0.1:${files}:127.0.0.1:${origin.files}`],
      ["-R", `127.0.0.1:${service}:127.0.0.1:${origin.service}`],
      [`${userInfo().username}@127.0.0.1`],
    ].flat(),
    ports: [files, service],
  });
  return {
    entries: entriesAt({ files, service }),
    pids: { gateway: server, agent: client },
  };
};

/** sshd insists on this folder (built in) when it runs as root; a machine that never ran it has none. */
function separatePrivileges(processes: Processes): void {
  const folder = "/run/sshd";
  if (userInfo().uid !== 0 || existsSync(folder)) return;
  mkdirSync(folder, { mode: 0o755 });
  processes.defer(() => rmdirSync(folder));
}

function prepare({ folder, port, keygen }: { folder: string; port: number; keygen: string }): void {
  mkdirSync(folder, { mode: 0o700 });
  for (const key of ["host_key", "user_key"]) {
    const file = path.join(folder, key);
    execFileSync(keygen, ["-q", "-t", "ed25519", "-N", "", "-f", file]);
  }
  writeFileSync(
    path.join(folder, "sshd_config"),
    `ListenAddress 127.0.0.1:${port}
HostKey ${path.join(folder, "host_key")}
AuthorizedKeysFile ${path.join(folder, "user_key.pub")}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
GatewayPorts no
AllowTcpForwarding yes
MaxStartups 100
`,
  );
}
