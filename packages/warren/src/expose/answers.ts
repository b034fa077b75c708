import { connect } from "node:net";

const PATIENCE_MS = 2_000;

/** Whether something takes a TCP connection there; one that is slow has the benefit of the doubt. */
export function answers({ host, port }: { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (taken: boolean) => {
      socket.destroy();
      resolve(taken);
    };
    socket.setTimeout(PATIENCE_MS, () => end(true));
    socket.once("connect", () => end(true)).once("error", () => end(false));
  });
}
