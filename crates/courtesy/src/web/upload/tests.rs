use axum::http::{HeaderMap, HeaderValue, header};

use super::{Upload, read};

fn form(kind: &'static str, body: &str) -> Upload {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    read(&headers, body.as_bytes())
}

const KIND: &str = "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW";

#[test]
fn fields_and_the_file_come_as_browsers_send_them() {
    let edge = "------WebKitFormBoundary7MA4YWxkTrZu0gW";
    let body = format!(
        "{edge}\r\nContent-Disposition: form-data; name=\"reason\"\r\n\r\nDéménagé; = a + b\r\n\
         {edge}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"morts.csv\"\r\nContent-Type: text/csv\r\n\r\n\
         address;reason\r\nann@patron.example;=20é\r\n\r\n{edge}--\r\n"
    );
    let upload = form(KIND, &body);
    assert_eq!(upload.fields["reason"], "Déménagé; = a + b");
    let file = String::from_utf8(upload.file.unwrap()).unwrap();
    assert_eq!(file.trim_end(), "address;reason\r\nann@patron.example;=20é");
}

#[test]
fn no_file_chosen_is_no_file_and_other_bodies_have_nothing() {
    let edge = "------WebKitFormBoundary7MA4YWxkTrZu0gW";
    let body = format!(
        "{edge}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n\r\n{edge}--\r\n"
    );
    assert_eq!(form(KIND, &body).file, None);
    assert_eq!(form("application/x-www-form-urlencoded", "form=x&file=y"), Upload::default());
    assert_eq!(form("multipart/form-data", "no boundary"), Upload::default());
    assert_eq!(form(KIND, ""), Upload::default());
}
