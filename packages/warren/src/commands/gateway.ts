import { gatewayConfig, gatewayOptions, startGateway, type GatewayConfig } from "@warren/gateway";
import { inheritedSockets, openMetrics, systemClock } from "@warren/host";
import { command, usage, type Call } from "../cli/command.ts";
import { aborted, startUnder } from "../cli/lifetime.ts";
import { dataOption, logOptions, openLog } from "../cli/options.ts";
import { dataFolder } from "../data/data-folder.ts";
import { endpointUpstreams } from "../direct/endpoint-upstreams.ts";
import { lockForGateway } from "../data/gateway-lock.ts";
import { announceGateway } from "../data/running-gateway.ts";
import { localAddresses } from "../data/local-addresses.ts";

const options = { ...gatewayOptions, data: dataOption, ...logOptions };

export const gateway = command({
  name: "gateway",
  usage: "[--port <port>] [--tls-port <port>] [--redis-url <url>]",
  summary: "the public side: takes requests and leads them into clusters",
  about: `Listens on public ports for requests and for the tunnels of agents. Who may come in is decided by
tokens (\`warren token create\`): this gateway needs the public half of the key that signs them, in
--keys. Several gateways share routes through Redis. SIGTERM lets it finish what is open.`,
  examples: [
    { run: "warren gateway --keys /etc/warren/keys", why: "HTTP on 8080, admin on 127.0.0.1:9090" },
    {
      run: "warren gateway --port 80 --tls-port 443 --certificates /etc/warren/tls --hsts 365d",
      why: "TLS; `<name>.crt` and `<name>.key` in the folder",
    },
    {
      run: "warren gateway --redis-url redis://10.0.0.5 --peer-port 7000 --peer-advertise ws://10.0.0.1:7000 --peer-key-file peer.key",
      why: "one of several",
    },
    { run: "warren gateway --config /etc/warren/warren.toml", why: "all that in a file" },
  ],
  options,
  words: { least: 0, most: 0 },
  async run(call) {
    const folder = dataFolder(call.config.data);
    const config = readConfig(call, folder.path);
    const log = openLog(call.config, call);
    const sockets = inheritedSockets(call.env, call.self.pid);
    using _lock = lockForGateway(folder, sockets.size > 0);
    const upstreams = endpointUpstreams;
    const deps = { log, metrics: openMetrics(), clock: systemClock, sockets, upstreams };
    await using running = await startUnder(call.signal, (signal) =>
      startGateway(config, deps, signal),
    );
    const { url, admin } = localAddresses(config, running);
    await using _said = await announceGateway(folder.running, {
      pid: call.self.pid,
      gateway: url,
      admin,
    });
    log.info("gateway runs", { gateway: config.id, ...running.ports });
    await Promise.race([aborted(call.signal), running.drainAsked]);
    await running.drain();
    log.info("gateway stopped");
  },
});

function readConfig(call: Call<typeof options>, folder: string): GatewayConfig {
  const read = gatewayConfig(call.config, folder, (key) => call.said(key));
  if ("problems" in read) throw usage("gateway", read.problems);
  return read.config;
}
