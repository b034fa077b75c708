// The kubectl that tests drive, beside helm, which is a tool of this module. Of its own sources:
// https://github.com/kubernetes/kubernetes/blob/master/cmd/kubectl/kubectl.go
package main

import (
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

func main() {
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err)
	}
}
