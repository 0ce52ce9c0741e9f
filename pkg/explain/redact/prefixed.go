package redact

import (
	"regexp"
	"slices"
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
	"v1.0-", "ops_ey", "ntn_", "nfp_", "vercel_",
	"GR1348941", "sm_aat_", "sm_pat_", "sm_sat_", "fo1_", "fm1_", "fm1a_", "fm2_", "sha256~", "AAAAAAAAAAAAAAAAAAAA",
}

// tokenTail is what follows a beginning. Fewer characters are a word that begins the same way.
var tokenTail = regexp.MustCompile(`^[A-Za-z0-9_.=/+-]{10,}`)

// prefixed finds tokens by their beginnings, in capitals or not. It looks for the beginnings as plain
// words, which is far cheaper than an expression of so many alternatives.
func prefixed(s string) [][2]int {
	small := asciiLower(s)
	var places [][2]int
	for _, prefix := range tokenPrefixes {
		for at := 0; ; {
			i := strings.Index(small[at:], strings.ToLower(prefix))
			if i < 0 {
				break
			}
			begin := at + i
			at = begin + len(prefix)
			if begin > 0 && isWord(s[begin-1]) {
				continue
			}
			if tail := tokenTail.FindStringIndex(s[at:]); tail != nil {
				places = append(places, [2]int{begin, at + tail[1]})
				at += tail[1]
			}
		}
	}
	slices.SortFunc(places, func(a, b [2]int) int { return a[0] - b[0] })
	// A token may be found by two beginnings: the one that begins first holds the other.
	end := 0
	return slices.DeleteFunc(places, func(p [2]int) bool {
		inside := p[0] < end
		end = max(end, p[1])
		return inside
	})
}

func isWord(c byte) bool { return c == '_' || kind(c) != 0 }
