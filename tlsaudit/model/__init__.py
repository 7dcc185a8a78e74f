"""The data that flows between the rooms: targets, facts, results, the report document, limits. Knows no other room."""
