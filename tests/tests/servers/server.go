// An HTTPS server of Go's standard library, for main.rs beside it.
package main

import (
	"crypto/tls"
	"io"
	"net/http"
	"os"
)

func main() {
	config := &tls.Config{MinVersion: tls.VersionTLS13}
	switch os.Args[2] {
	case "x25519":
		config.CurvePreferences = []tls.CurveID{tls.X25519}
	case "certificate":
		config.ClientAuth = tls.RequestClientCert
	}
	answer := func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "{}")
	}
	server := &http.Server{Addr: os.Args[1], TLSConfig: config, Handler: http.HandlerFunc(answer)}
	panic(server.ListenAndServeTLS("chain.pem", "key.pem"))
}
