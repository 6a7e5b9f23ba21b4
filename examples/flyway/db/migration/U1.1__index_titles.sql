drop index concurrently books_title;
