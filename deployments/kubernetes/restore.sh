#!/usr/bin/env bash
# Applies what backup.sh wrote.
#
#   ./restore.sh <folder> [namespace] [--replace-keys]     (default namespace: default)
#
# A cluster whose ENCRYPTION_KEY is another one keeps it, and nothing is applied: what was said since with that key
# could not be read again. --replace-keys says that this is meant.
set -euo pipefail

die() {
  printf '%s\n' "restore: $*" >&2
  exit 1
}

usage() { die "usage: restore.sh <folder> [namespace] [--replace-keys]"; }

FOLDER='' NAMESPACE='' REPLACE=no
for word in "$@"; do
  case $word in
    --replace-keys) REPLACE=yes ;;
    -* | '') usage ;;
    *)
      if [[ -z $FOLDER ]]; then
        FOLDER=$word
      elif [[ -z $NAMESPACE ]]; then
        NAMESPACE=$word
      else
        usage
      fi
      ;;
  esac
done
[[ -n $FOLDER ]] || usage
[[ -d $FOLDER ]] || die "$FOLDER is no folder"
readonly FOLDER NAMESPACE=${NAMESPACE:-default} REPLACE
readonly KEY='go-template={{if .data}}{{with index .data "ENCRYPTION_KEY"}}{{.}}{{end}}{{end}}'

secret=$FOLDER/secret-chat-secrets.json
[[ -f $secret ]] || die "$FOLDER has no chat-secrets: it is no whole backup; nothing was applied"
kept=$(kubectl patch --local --filename "$secret" --type merge --patch '{}' --output "$KEY")
[[ -n $kept ]] || die "chat-secrets in $FOLDER has no ENCRYPTION_KEY: it is no whole backup; nothing was applied"
if [[ $REPLACE == no ]]; then
  here=$(kubectl get secret chat-secrets --namespace "$NAMESPACE" --ignore-not-found --output "$KEY") ||
    die "the cluster could not be asked; nothing was applied"
  [[ -z $here || $here == "$kept" ]] ||
    die "this cluster has another ENCRYPTION_KEY than the backup; nothing was applied (--replace-keys puts the backup's in its place)"
fi
# The namespace of the backup is not the one that is asked for, perhaps. Server-side: a client-side apply would copy
# the Secret into an annotation, and a later apply of secret.yaml without data would then take its values away.
kubectl patch --local --filename "$FOLDER" --type merge --patch '{"metadata":{"namespace":null}}' --output json |
  kubectl apply --namespace "$NAMESPACE" --server-side --force-conflicts --field-manager warren-restore --filename -
printf '%s\n' "restored into $NAMESPACE; pods read changed Secrets when they start: kubectl rollout restart deployment --namespace $NAMESPACE --selector 'app in (chatbox,messaging-service)'"
