package diag

import "strings"

// Closest returns the candidate that word was probably meant to be, or "" if none is close. Of equally close ones it returns the
// first. Capitals, dashes and underscores count little: `Attribute_Set` is close to `attribute-set`.
func Closest(word string, candidates []string) string {
	const longest = 64 // The work grows with the square of the length.
	if word == "" || len(word) > longest {
		return ""
	}
	w := fold(word)
	best, distance := "", 1+min(3, (len(w)+1)/3)
	for _, c := range candidates {
		if len(c) > longest || c == word {
			continue
		}
		if d := editDistance(w, fold(c), distance); d < distance {
			best, distance = c, d
		}
	}
	return best
}

func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == ' ' {
			return '-'
		}
		return r
	}, strings.ToLower(s))
}

// editDistance returns how many bytes must be inserted, removed, replaced, or swapped with their neighbour to get from a to b; limit
// if that is not less than limit.
func editDistance(a, b string, limit int) int {
	if d := len(a) - len(b); d >= limit || -d >= limit {
		return limit
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return min(last[len(b)], limit)
}
