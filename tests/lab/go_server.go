// The HTTPS server of the lab with Go's TLS: certificate file, key file, client CA file, ClientAuthType, oldest and
// newest version (0x0303, 0x0304) as arguments; it listens on a port of the kernel's choice.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
)

func number(text string) uint16 {
	value, err := strconv.ParseUint(text, 0, 16)
	if err != nil {
		log.Fatal(err)
	}
	return uint16(value)
}

func main() {
	certificate, err := tls.LoadX509KeyPair(os.Args[1], os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	pem, err := os.ReadFile(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	modes := map[string]tls.ClientAuthType{
		"NoClientCert":               tls.NoClientCert,
		"RequestClientCert":          tls.RequestClientCert,
		"RequireAnyClientCert":       tls.RequireAnyClientCert,
		"VerifyClientCertIfGiven":    tls.VerifyClientCertIfGiven,
		"RequireAndVerifyClientCert": tls.RequireAndVerifyClientCert,
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") }),
		TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{certificate},
			ClientCAs:    pool,
			ClientAuth:   modes[os.Args[4]],
			MinVersion:   number(os.Args[5]),
			MaxVersion:   number(os.Args[6]),
		},
	}
	log.Fatal(server.ServeTLS(listener, "", ""))
}
