#!/usr/bin/env bash
# Writes the configuration of the chat, or of the messaging service (k8s/base), out of a cluster, one file an object,
# ready to be applied elsewhere.
#
#   ./backup.sh [namespace] [folder]     (default: default, backup/<namespace>)
#
# SECRETS ARE IN CLEAR in it (base64 hides nothing): whoever has the folder and the database reads everything. It is
# made for its owner alone; encrypt it before it leaves this machine, and keep it away from the database's backups.
# Conversations and files are not in it: they are in MongoDB and in the bucket, or on the volume. Nor are objects of kinds
# that Kubernetes has from others (Certificate, ServersTransport, Knative's Service): their files are where they came from.
set -euo pipefail
umask 077

readonly NAMESPACE=${1:-default}
readonly FOLDER=${2:-backup/$NAMESPACE}
# What the API server says of an object, and what is only right in the cluster that it came from.
readonly FOREIGN='{"metadata":{"resourceVersion":null,"uid":null,"creationTimestamp":null,"generation":null,"managedFields":null,
  "selfLink":null,"ownerReferences":null,"annotations":{"kubectl.kubernetes.io/last-applied-configuration":null,
  "deployment.kubernetes.io/revision":null}},"spec":{"clusterIP":null,"clusterIPs":null,"healthCheckNodePort":null},"status":null}'
# What Knative makes of its Service it makes again.
readonly OURS='app in (chatbox,messaging-service),!serving.knative.dev/service'
readonly LABELLED=deployments,services,ingresses,horizontalpodautoscalers,networkpolicies,poddisruptionbudgets
readonly KEY='go-template={{if .data}}{{with index .data "ENCRYPTION_KEY"}}{{.}}{{end}}{{end}}'

die() {
  printf '%s\n' "backup: $*" >&2
  exit 1
}

# By name what people made by hand and nothing labels; by label the rest, the second of two versions too. Where a
# function is the word of another command `set -e` does not end it.
objects() {
  kubectl get --namespace "$NAMESPACE" --ignore-not-found --output name \
    configmap/chat-config configmap/messaging-service-config secret/chat-secrets serviceaccount/chatbox-sa || return
  kubectl get --namespace "$NAMESPACE" --output name --selector "$OURS" "$LABELLED"
}

# A local patch asks no server. `spec` is touched only where the object has one.
write() {
  local object=$1 file patch=$FOREIGN
  file=$FOLDER/$(printf '%s' "$object" | tr '/.' '--').json
  case $object in
    service/*) ;;
    *) patch=${patch/,\"spec\":\{*\},\"status\"/,\"status\"} ;;
  esac
  kubectl get --namespace "$NAMESPACE" --output json "$object" |
    kubectl patch --local --filename - --type merge --patch "$patch" --output json >"$file.part"
  mv "$file.part" "$file"
}

if (($# > 2)) || [[ ! $NAMESPACE =~ ^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$ ]]; then
  die "usage: backup.sh [namespace] [folder]"
fi
[[ -d $FOLDER && -n $(ls -A "$FOLDER") ]] && die "$FOLDER is not empty: name another folder"
names=$(objects) || die "the cluster could not be asked for everything; nothing was written"
[[ -n $names ]] || die "there is nothing of the chat in namespace $NAMESPACE"
key=$(kubectl get secret chat-secrets --namespace "$NAMESPACE" --ignore-not-found --output "$KEY") ||
  die "the cluster could not be asked for everything; nothing was written"
[[ -n $key ]] || die "chat-secrets in $NAMESPACE has no ENCRYPTION_KEY, without which a backup is worth nothing; nothing was written"
mkdir -p "$FOLDER"
while IFS= read -r name; do write "$name"; done <<<"$names"
printf '%s\n' "$(wc -l <<<"$names" | tr -d ' ') objects in $FOLDER, Secrets in clear: encrypt it"
