package redact

import (
	"regexp"
	"strings"
)

// tokenPrefixes are beginnings that their makers chose so that leaked tokens are found.
var tokenPrefixes = []string{
	"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "gldt-", "glrt-", "glptt-", "glft-", "glimt-", "glagent-", "glsoat-", "glcbt-", "glffct-",
	"sk-", "sk_", "rk_", "pk_live_", "AIza", "ya29.", "npm_", "pypi-",
	"doo_v1_", "dop_v1_", "dor_v1_", "SG.", "hf_", "api_org_", "gsk_", "shpat_", "shpca_", "shppa_", "shpss_", "sq0atp-", "sq0csp-", "EAAA", "dckr_pat_", "dckr_oat_",
	"tskey-", "lin_api_", "figd_", "ATATT3", "ATCTT3", "glsa_", "glc_", "pscale_", "rubygems_", "hvs.", "hvb.", "hvr.", "dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dapi",
	"NRAK-", "NRJS-", "NRII-", "PMAK-", "pul-", "r8_", "rdme_", "sntrys_", "sntryu_", "secret_", "xkeysib-", "xsmtpsib-", "fio-u-", "flbpat", "flbsec",
	"FLWPUBK_TEST-", "FLWSECK_TEST-", "duffel_test_", "duffel_live_", "EZAK", "EZTK", "ico-", "CLOJARS_", "LTAI", "p8e-", "shippo_live_", "shippo_test_", "tfp_",
	"v1.0-", "ops_ey", "ntn_", "nfp_", "vercel_", "access-sandbox-", "access-development-", "access-production-", "sqp_", "squ_", "sqa_", "ZXlK",
	"GR1348941", "sm_aat_", "sm_pat_", "sm_sat_", "fo1_", "fm1_", "fm1a_", "fm2_", "sha256~", "AAAAAAAAAAAAAAAAAAAA",
}

// tokenTail is what follows a beginning. Fewer characters are a word that begins the same way.
var tokenTail = regexp.MustCompile(`^[A-Za-z0-9_.=/+-]{10,}`)

// byFirst are the beginnings in small letters, by their first byte.
var byFirst = func() (table [256][]string) {
	for _, prefix := range tokenPrefixes {
		prefix = strings.ToLower(prefix)
		table[prefix[0]] = append(table[prefix[0]], prefix)
	}
	return table
}()

// prefixed finds tokens by their beginnings, in capitals or not. It compares at the beginnings of words
// only, which is far cheaper than an expression of so many alternatives.
func prefixed(s string) [][2]int {
	small := asciiLower(s)
	var places [][2]int
	for i := 0; i < len(small); {
		begin := i
		if tail := tokenAt(s, small, begin); tail > 0 {
			i += tail
			places = append(places, [2]int{begin, i})
		}
		// On to the next beginning of a word.
		for i < len(small) && isWord(small[i]) {
			i++
		}
		for i < len(small) && !isWord(small[i]) {
			i++
		}
	}
	return places
}

// tokenAt is how long the token is that begins at a place, 0 when there is none.
func tokenAt(s, small string, begin int) int {
	for _, prefix := range byFirst[small[begin]] {
		if strings.HasPrefix(small[begin:], prefix) {
			if tail := tokenTail.FindStringIndex(s[begin+len(prefix):]); tail != nil {
				return len(prefix) + tail[1]
			}
		}
	}
	return 0
}

func isWord(c byte) bool { return c == '_' || kind(c) != 0 }
