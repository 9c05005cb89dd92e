"""Tools every feature uses: settings, database, problems, text, pages. Core knows no feature."""
