{{/* What a gateway is told, by the names of docs/operations.md; `config` goes before. */}}
{{- define "warren.gatewayConfig" -}}
{{- with .Values.gateway -}}
{{- $said := dict
  "WARREN_PORT" "8080"
  "WARREN_ADMIN_HOST" "0.0.0.0"
  "WARREN_ADMIN_PORT" "9090"
  "WARREN_ADVERTISE" .advertise
  "WARREN_TRUSTED_PROXY" (join "," .trustedProxies)
  "WARREN_DRAIN_DELAY" (include "warren.drainDelay" (dict "root" $ "seconds" .drain.delaySeconds))
  "WARREN_DRAIN_DEADLINE" (printf "%vs" .drain.deadlineSeconds)
  "WARREN_DATA" "/data"
  "WARREN_LOG_LEVEL" $.Values.logs.level
  "WARREN_LOG_FORMAT" $.Values.logs.format
-}}
{{- if or .keys .keysConfigMap -}}
{{- $_ := set $said "WARREN_KEYS" "/etc/warren/keys" -}}
{{- end -}}
{{- if .tls.enabled -}}
{{- $_ := set $said "WARREN_TLS_PORT" "8443" -}}
{{- $_ := set $said "WARREN_HSTS" .tls.hsts -}}
{{- if .service.httpsPort -}}
{{- $_ := set $said "WARREN_REDIRECT_PORT" (toString .service.httpsPort) -}}
{{- end -}}
{{- if .tls.secrets -}}
{{- $_ := set $said "WARREN_CERTIFICATES" "/etc/warren/certificates" -}}
{{- end -}}
{{- end -}}
{{- if .domain -}}
{{- $_ := set $said "WARREN_DOMAIN" .domain -}}
{{- end -}}
{{- if .acme.enabled -}}
{{- $_ := set $said "WARREN_ACME" "true" -}}
{{- $_ := set $said "WARREN_ACME_AGREE" (.acme.agree | default false | toString) -}}
{{- $_ := set $said "WARREN_ACME_PRODUCTION" (.acme.production | default false | toString) -}}
{{- $_ := set $said "WARREN_ACME_EMAIL" .acme.email -}}
{{- $_ := set $said "WARREN_ACME_HOST" (join "," .acme.hosts) -}}
{{- end -}}
{{- if .acme.keySecret -}}
{{- $_ := set $said "WARREN_ACME_KEY_FILE" "/etc/warren/acme/acme.key" -}}
{{- end -}}
{{- if and .redis.url (not .redis.existingSecret) -}}
{{- $_ := set $said "REDIS_URL" .redis.url -}}
{{- end -}}
{{- if .redis.cluster -}}
{{- $_ := set $said "WARREN_REDIS_CLUSTER" "true" -}}
{{- end -}}
{{- if .peers.enabled -}}
{{- $_ := set $said "WARREN_PEER_PORT" "7000" -}}
{{- $_ := set $said "WARREN_PEER_ADVERTISE" "ws://$(POD_IP):7000" -}}
{{- $_ := set $said "WARREN_PEER_KEY_FILE" "/etc/warren/peers/peer.key" -}}
{{- end -}}
{{- if .tcpPorts.first -}}
{{- $_ := set $said "WARREN_TCP_PORTS" (printf "%v-%v" .tcpPorts.first .tcpPorts.last) -}}
{{- end -}}
{{- include "warren.over" (list $said .config) -}}
{{- end -}}
{{- end -}}

{{/* What is no text: of the pod, and out of a Secret. */}}
{{- define "warren.gatewayOwn" -}}
- name: WARREN_GATEWAY_ID
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
{{- with .Values.gateway }}
{{- if .peers.enabled }}
- name: POD_IP
  valueFrom: { fieldRef: { fieldPath: status.podIP } }
{{- end }}
{{- with .redis.existingSecret }}
- name: REDIS_URL
  valueFrom: { secretKeyRef: { name: {{ . | quote }}, key: REDIS_URL } }
{{- end }}
{{- end }}
{{- end -}}
