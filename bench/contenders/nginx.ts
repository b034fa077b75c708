import { entriesAt, type StartContender } from "../contender.ts";
import { nginxConfig, startNginx } from "../nginx.ts";
import { freePort } from "../processes.ts";

/** nginx as a plain reverse proxy: keep-alive upstreams, nothing written to disk, nothing held back. */
export const startNginxProxy: StartContender = async ({ processes, origin }) => {
  const [files, service] = [await freePort(), await freePort()];
  const config = nginxConfig(`
    map $http_upgrade $connection_to_upstream { default upgrade; "" ""; }
    proxy_http_version 1.1; proxy_set_header Host $host;
    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_to_upstream;
    proxy_max_temp_file_size 0; proxy_request_buffering off; proxy_read_timeout 3600s;
    upstream files { server 127.0.0.1:${origin.files}; keepalive 128; keepalive_requests 1000000000; }
    upstream service { server 127.0.0.1:${origin.service}; keepalive 128; }
    server { listen 127.0.0.1:${files} backlog=4096; location / { proxy_pass http://files; } }
    server { listen 127.0.0.1:${service} backlog=4096;
      location / { proxy_pass http://service; proxy_buffering off; } }`);
  const pid = await startNginx(processes, { name: "nginx", config, ports: [files, service] });
  return {
    entries: entriesAt({ files, service }),
    pids: { proxy: pid },
  };
};
