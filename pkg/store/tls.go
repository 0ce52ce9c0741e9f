package store

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// tlsConfig returns nil for Disable.
func tlsConfig(mode TLSMode, host, caCert string) (*tls.Config, error) {
	if mode == Disable {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if caCert != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM([]byte(caCert)) {
			return nil, errors.New("the store's CA certificate holds no certificate: paste it in PEM form, beginning with -----BEGIN CERTIFICATE-----")
		}
	}
	if mode == VerifyFull {
		return config, nil
	}
	// Go verifies either everything or nothing, so the chain without the name is verified by hand.
	config.InsecureSkipVerify = true //nolint:gosec // asked for by the mode
	if mode == VerifyCA || caCert != "" {
		config.VerifyConnection = verifyChain(config.RootCAs)
	}
	return config, nil
}

func verifyChain(roots *x509.CertPool) func(tls.ConnectionState) error {
	return func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 {
			return errors.New("the server showed no certificate")
		}
		intermediates := x509.NewCertPool()
		for _, cert := range state.PeerCertificates[1:] {
			intermediates.AddCert(cert)
		}
		_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates})
		if err != nil {
			return fmt.Errorf("verifying the server's certificate: %w", err)
		}
		return nil
	}
}
