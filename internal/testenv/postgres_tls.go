//go:build unix

package testenv

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// serverCertificate is a certificate for 127.0.0.1 and localhost that signs itself.
type serverCertificate struct {
	cert, key string // files
	ca        []byte // PEM
}

func newServerCertificate(dir string, distribution postgresDistribution) (serverCertificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return serverCertificate{}, fmt.Errorf("making PostgreSQL's key: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "localhost"},
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return serverCertificate{}, fmt.Errorf("making PostgreSQL's certificate: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return serverCertificate{}, fmt.Errorf("making PostgreSQL's key: %w", err)
	}
	files := serverCertificate{
		cert: filepath.Join(dir, "server.crt"),
		key:  filepath.Join(dir, "server.key"),
		ca:   pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
	}
	for path, content := range map[string][]byte{
		files.cert: files.ca,
		files.key:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return serverCertificate{}, fmt.Errorf("writing PostgreSQL's certificate: %w", err)
		}
		if err := distribution.own(path); err != nil {
			return serverCertificate{}, err
		}
	}
	return files, nil
}
