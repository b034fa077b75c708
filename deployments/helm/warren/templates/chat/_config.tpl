{{/* What the chat is told and nobody has to hide, by the names of docs/operations.md; `config` goes before. */}}
{{- define "warren.chatConfig" -}}
{{- with .Values.chat -}}
{{- $said := dict
  "SERVER_HOST" "0.0.0.0"
  "SERVER_PORT" "8080"
  "CHATBOX_PATH_PREFIX" .pathPrefix
  "WARREN_DATA" "/data"
  "WARREN_CHAT_STORE" .store.kind
  "WARREN_LOG_LEVEL" $.Values.logs.level
  "WARREN_LOG_FORMAT" $.Values.logs.format
  "WS_ALLOWED_ORIGINS" (join "," .wsAllowedOrigins)
  "CORS_ALLOWED_ORIGINS" (join "," .corsAllowedOrigins)
  "WARREN_CHAT_TRUSTED_PROXY" (join "," .trustedProxies)
  "WARREN_CHAT_DRAIN_DELAY" (include "warren.drainDelay" (dict "root" $ "seconds" .drain.delaySeconds))
  "WARREN_CHAT_DRAIN_SPREAD" (printf "%vs" .drain.spreadSeconds)
  "LLM_STREAM_TIMEOUT" (printf "%vs" .drain.streamSeconds)
-}}
{{- if and (eq .store.kind "mongodb") .store.mongoUri -}}
{{- $_ := set $said "MONGO_URI" .store.mongoUri -}}
{{- end -}}
{{- if .redis.url -}}
{{- $_ := set $said "REDIS_URL" .redis.url -}}
{{- end -}}
{{- if .redis.cluster -}}
{{- $_ := set $said "REDIS_CLUSTER" "true" -}}
{{- end -}}
{{- if eq .files.kind "s3" -}}
{{- $_ := set $said "S3_BUCKET" .files.s3.bucket -}}
{{- $_ := set $said "S3_REGION" .files.s3.region -}}
{{- $_ := set $said "S3_ENDPOINT" .files.s3.endpoint -}}
{{- $_ := set $said "S3_USE_PATH_STYLE" (.files.s3.usePathStyle | default false | toString) -}}
{{- end -}}
{{- include "warren.over" (list $said .config) -}}
{{- end -}}
{{- end -}}
