{{/* Names and labels. A component is gateway, agent or chat; "part" is dict "root" $ "part" "gateway". */}}

{{/* A Service's name has no dot, begins with a letter before 1.34, and with "-gateway-admin" has 63 characters at most. */}}
{{- define "warren.fullname" -}}
{{- $name := .Values.fullnameOverride | default .Release.Name -}}
{{- if not (or .Values.fullnameOverride (contains "warren" $name)) -}}
{{- $name = printf "%s-warren" $name -}}
{{- end -}}
{{- $name = replace "." "-" $name -}}
{{- if regexMatch "^[0-9]" $name -}}
{{- $name = printf "w%s" $name -}}
{{- end -}}
{{- $name | trunc 49 | trimSuffix "-" -}}
{{- end -}}

{{- define "warren.name" -}}
{{- if eq .part "chat" -}}
{{- .root.Values.chat.name -}}
{{- else -}}
{{- printf "%s-%s" (include "warren.fullname" .root) .part -}}
{{- end -}}
{{- end -}}

{{/* The ServiceAccount of an agent, whose rights name it, or of a chat. */}}
{{- define "warren.account" -}}
{{- (get .root.Values .part).serviceAccount.name | default (include "warren.name" .) -}}
{{- end -}}

{{/* By which a component's pods are found; never changed, as a Deployment keeps its selector. */}}
{{- define "warren.selector" -}}
app.kubernetes.io/name: warren
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .part }}
{{- if eq .part "chat" }}
app: chatbox
{{- end }}
{{- end -}}

{{/* Of an object; `more` are its own. */}}
{{- define "warren.labels" -}}
{{- $made := dict
  "app.kubernetes.io/version" .root.Chart.AppVersion
  "app.kubernetes.io/managed-by" .root.Release.Service
  "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_")
-}}
{{- include "warren.over" (list (include "warren.selector" . | fromYaml) $made .root.Values.commonLabels .more) -}}
{{- end -}}

{{- define "warren.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (.tag | default $.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}
{{- end -}}
