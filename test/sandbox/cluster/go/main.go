// Command lockkeeper-cluster is etcd and kube-apiserver in one static binary, for tests and the demo alone.
// The first argument, `etcd` or `kube-apiserver`, says which; the rest are that program's own flags.
package main

import (
	"fmt"
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	if len(os.Args) < 2 {
		refuse("nothing")
	}
	// Both programs read os.Args themselves: what is left must look as if they had been started by name.
	os.Args = os.Args[1:]
	switch os.Args[0] {
	case "etcd":
		etcdmain.Main(os.Args)
	case "kube-apiserver":
		os.Exit(cli.Run(app.NewAPIServerCommand()))
	default:
		refuse(os.Args[0])
	}
}

func refuse(got string) {
	fmt.Fprintf(os.Stderr, "the first argument must be etcd or kube-apiserver, got %s\n", got)
	os.Exit(2)
}
