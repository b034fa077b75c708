import { systemClock, wait } from "@warren/host";
import { request } from "node:http";

const AGAIN_MS = 25;

/** Resolves true as soon as `host` answers well at `origin`; false when `signal` aborts first. */
export async function answers(host: string, origin: URL, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    if (await answersOnce(host, origin, signal)) return true;
    await wait(systemClock, AGAIN_MS, signal);
  }
  return false;
}

function answersOnce(host: string, origin: URL, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request(origin, { headers: { host }, agent: false, signal });
    asked.once("response", (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.once("error", () => resolve(false));
    asked.end();
  });
}
