package handlers

// RoutePaths returns the paths of the route table, and whether each has GET and POST.
func RoutePaths() map[string][2]bool {
	paths := map[string][2]bool{}
	for _, row := range routes {
		paths[row.path] = [2]bool{row.page != nil, row.post != nil}
	}
	return paths
}
