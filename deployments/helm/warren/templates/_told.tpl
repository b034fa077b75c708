{{/* How maps of values come together, and what a pod is told. */}}

{{/* Maps as one, in YAML: later ones go before. `merge` takes "", 0 and false for unset, and lists of lines have a key twice. */}}
{{- define "warren.over" -}}
{{- $all := dict -}}
{{- range . -}}
{{- range $key, $value := . -}}
{{- $_ := set $all $key $value -}}
{{- end -}}
{{- end -}}
{{- with $all -}}
{{- toYaml . -}}
{{- end -}}
{{- end -}}

{{/* A value as a variable has it: null is nothing, and as text numbers from a million on would be 1e+06. */}}
{{- define "warren.text" -}}
{{- if kindIs "string" . }}{{ . }}{{ else if not (kindIs "invalid" .) }}{{ toJson . }}{{ end -}}
{{- end -}}

{{/*
Variables, each once: `own`, which others may name, out of the map `env`, and extraEnv, which goes before. Of a name that
is in a list twice the older one wins at the next upgrade, or none is left.
*/}}
{{- define "warren.env" -}}
{{- $extra := dict -}}
{{- range .extra -}}
{{- $_ := set $extra .name true -}}
{{- end -}}
{{- $said := .own -}}
{{- range $name, $value := .env -}}
{{- $said = append $said (dict "name" $name "value" (include "warren.text" $value)) -}}
{{- end -}}
{{- $list := list -}}
{{- range $said -}}
{{- if not (hasKey $extra .name) -}}
{{- $list = append $list . -}}
{{- end -}}
{{- end -}}
{{- range .extra -}}
{{- $list = append $list . -}}
{{- end -}}
{{- toYaml $list -}}
{{- end -}}

{{/*
What `config` and extraEnv may not say, and what to set instead: ports, folders, rights, names and times that other
objects of the chart, or its schema, go by. refused.yaml reads it.
*/}}
{{- define "warren.owned" -}}
gateway:
  WARREN_PORT: set gateway.service.httpPort instead, which leads to 8080
  WARREN_TLS_PORT: set gateway.tls.enabled and gateway.service.httpsPort instead, which leads to 8443
  WARREN_ADMIN_PORT: it is 9090, where probes and Prometheus ask
  WARREN_PEER_PORT: set gateway.peers.enabled instead, it is 7000 then
  WARREN_TCP_PORTS: set gateway.tcpPorts instead, which the Service and the policy go by
  WARREN_DATA: set gateway.persistence instead, whose volume is at /data
  WARREN_DRAIN_DELAY: set gateway.drain.delaySeconds instead, by which a pod has time to end
  WARREN_DRAIN_DEADLINE: set gateway.drain.deadlineSeconds instead, by which a pod has time to end
  WARREN_GATEWAY_ID: it is the pod's name, as each gateway needs one of its own
  POD_IP: it is the pod's address
agent:
  WARREN_AGENT_ADMIN_PORT: it is 8081, where probes and Prometheus ask
  WARREN_DATA: it is /data, the one folder that may be written
  WARREN_DRAIN_DEADLINE: set agent.drain.deadlineSeconds instead, by which a pod has time to end
  WARREN_KUBE_NAMESPACE: set agent.kube.namespaces instead, which its rights go by
  WARREN_KUBE_CONTROLLERS: set agent.kube.controllerNamespaces instead, which its rights go by
  WARREN_KUBE_CLASS: set agent.kube.className instead, which its classes go by
  WARREN_KUBE_GATEWAYS: set agent.kube.className instead, which its classes go by
  WARREN_KUBE_TLS_SECRETS: set agent.kube.tlsSecrets instead, which its rights go by
  WARREN_KUBE_LEASE: it is the Lease that its rights name
  WARREN_POD_NAME: it is the pod's name
  WARREN_POD_NAMESPACE: it is the namespace of the release
chat:
  SERVER_PORT: set chat.service.port instead, which leads to 8080
  WARREN_CHAT_PROBE_PORT: probes and Prometheus ask 8080
  WARREN_CHAT_TLS_CERT: set chat.ingress.tlsSecret instead, TLS ends at the Ingress
  WARREN_CHAT_TLS_KEY: set chat.ingress.tlsSecret instead, TLS ends at the Ingress
  CHATBOX_PATH_PREFIX: set chat.pathPrefix instead, which probes go by
  WARREN_DATA: set chat.persistence instead, whose volume is at /data
  WARREN_CHAT_STORE: set chat.store.kind instead, which says how many pods there may be and which volume they need
  FILES_FOLDER: set chat.files.kind to folder instead, which is on the volume of chat.persistence
  WARREN_CHAT_DRAIN_DELAY: set chat.drain.delaySeconds instead, by which a pod has time to end
  WARREN_CHAT_DRAIN_SPREAD: set chat.drain.spreadSeconds instead, by which a pod has time to end
  LLM_STREAM_TIMEOUT: set chat.drain.streamSeconds instead, by which a pod has time to end
{{- end -}}

{{/* What `config` may not say either, but extraEnv may, out of Secrets and ConfigMaps of others; only not as empty. */}}
{{- define "warren.valued" -}}
gateway:
  REDIS_URL: set gateway.redis.url instead, which the schema and the policy go by
agent:
  WARREN_GATEWAY: set agent.gateways instead, which the policy goes by
chat:
  REDIS_URL: set chat.redis.url instead, which the policy goes by
  S3_BUCKET: set chat.files.s3.bucket instead, without one files would go to a folder of the pod
  S3_ENDPOINT: set chat.files.s3.endpoint instead, which the policy goes by
{{- end -}}
