{{/* What an agent is told, by the names of docs/operations.md; `config` goes before. */}}
{{- define "warren.agentConfig" -}}
{{- with .Values.agent -}}
{{- $said := dict
  "WARREN_GATEWAY" (join "," .gateways)
  "WARREN_TOKEN_FILE" "/etc/warren/token/token"
  "WARREN_AGENT_ADMIN_HOST" "0.0.0.0"
  "WARREN_AGENT_ADMIN_PORT" "8081"
  "WARREN_DRAIN_DEADLINE" (printf "%vs" .drain.deadlineSeconds)
  "WARREN_KUBE" "on"
  "WARREN_KUBE_NAMESPACE" (join "," .kube.namespaces)
  "WARREN_KUBE_SELECT" .kube.select
  "WARREN_KUBE_CLASS" .kube.className
  "WARREN_KUBE_MODE" .kube.mode
  "WARREN_KUBE_TLS_SECRETS" (.kube.tlsSecrets | default false | toString)
  "WARREN_KUBE_LEASE" (include "warren.name" (dict "root" $ "part" "agent"))
  "WARREN_REGION" .place.region
  "WARREN_COUNTRY" .place.country
  "WARREN_DATA" "/data"
  "WARREN_LOG_LEVEL" $.Values.logs.level
  "WARREN_LOG_FORMAT" $.Values.logs.format
-}}
{{- if .kube.namespaces -}}
{{- $_ := set $said "WARREN_KUBE_CONTROLLERS" (concat .kube.namespaces (.kube.controllerNamespaces | default list) | uniq | join ",") -}}
{{- end -}}
{{- with .kube.wildcardNamespaces -}}
{{- $_ := set $said "WARREN_KUBE_WILDCARDS" (join "," .) -}}
{{- end -}}
{{- if ne .kube.className "warren" -}}
{{- $_ := set $said "WARREN_KUBE_GATEWAYS" (printf "warren.dev/gateway/%s" .kube.className) -}}
{{- end -}}
{{- if .gatewayCaConfigMap -}}
{{- $_ := set $said "WARREN_GATEWAY_CA" "/etc/warren/gateway-ca/ca.crt" -}}
{{- end -}}
{{- include "warren.over" (list $said .config) -}}
{{- end -}}
{{- end -}}
