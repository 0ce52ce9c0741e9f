package archive

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // what screenshots may be
	_ "image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// formats are the formats of screenshots by their ending, as the catalog shows them.
var formats = map[string]string{".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}

// checkImages looks into the images that are there; that one is missing is said elsewhere.
func (m manifest) checkImages(dist string) []error {
	var errs []error
	if len(m.Info.Screenshots) == 0 {
		errs = append(errs, errors.New("plugin.json: it has no screenshots"))
	}
	for _, s := range m.Info.Screenshots {
		format, known := formats[strings.ToLower(filepath.Ext(s.Path))]
		if !known {
			errs = append(errs, fmt.Errorf("plugin.json: screenshot %s is no PNG or JPEG", s.Path))
			continue
		}
		if s.Name == "" {
			errs = append(errs, fmt.Errorf("plugin.json: screenshot %s has no name", s.Path))
		}
		content, err := os.ReadFile(filepath.Join(dist, s.Path))
		if err != nil {
			continue
		}
		if _, found, err := image.DecodeConfig(bytes.NewReader(content)); err != nil || found != format {
			errs = append(errs, fmt.Errorf("%s is no image of the format that its name says", s.Path))
		}
	}
	logos := []string{m.Info.Logos.Small, m.Info.Logos.Large}
	for _, logo := range slices.Compact(logos) {
		if content, err := os.ReadFile(filepath.Join(dist, logo)); err == nil {
			if err := checkLogo(content); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", logo, err))
			}
		}
	}
	return errs
}

// active are elements that make a drawing a program, or bring a page along.
var active = []string{
	"annotation-xml", "audio", "colgroup", "foreignobject", "iframe", "math", "noembed", "noframes", "noscript", "plaintext", "script", "template", "thead", "xmp",
}

// checkLogo returns what keeps an SVG from being a logo: the picker shows squares, and Grafana runs nothing in them.
func checkLogo(content []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(content))
	for first := true; ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && !first {
			return nil
		}
		if err != nil {
			return fmt.Errorf("it is no SVG: %w", err)
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if first && (element.Name.Local != "svg" || !square(element)) {
			return errors.New("it is no SVG with a square view box")
		}
		first = false
		if slices.Contains(active, strings.ToLower(element.Name.Local)) {
			return fmt.Errorf("it holds the element %s, which may run something", element.Name.Local)
		}
		for _, attribute := range element.Attr {
			name := strings.ToLower(attribute.Name.Local)
			if strings.HasPrefix(name, "on") || (name == "href" && !strings.HasPrefix(attribute.Value, "#")) {
				return fmt.Errorf("it has the attribute %s, which may run or fetch something", attribute.Name.Local)
			}
		}
	}
}

func square(svg xml.StartElement) bool {
	for _, attribute := range svg.Attr {
		if attribute.Name.Local != "viewBox" {
			continue
		}
		sides := strings.Fields(strings.ReplaceAll(attribute.Value, ",", " "))
		if len(sides) != 4 {
			return false
		}
		width, err := strconv.ParseFloat(sides[2], 64)
		height, other := strconv.ParseFloat(sides[3], 64)
		return err == nil && other == nil && width == height && width > 0
	}
	return false
}
