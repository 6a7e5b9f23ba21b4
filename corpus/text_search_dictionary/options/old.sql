create text search dictionary d (template = simple, stopwords = 'english', accept = 'false');
